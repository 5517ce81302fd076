/* SPDX-License-Identifier: LGPL-2.1-or-later */
int ugly(int a);
	int tab;
int space; 
int long_line(int first_argument, int second_argument, int third_argument, int fourth_argument, int fifth_argument);
int ugly( int a ){
  return a ;}
