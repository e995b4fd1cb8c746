/* SPDX-License-Identifier: BSD-2-Clause */
/* A Java program that waits, so that its heap can be looked at from outside. */
public class Wait {
	public static void main(String[] args) throws Exception {
		byte[][] kept = new byte[16][];

		for (int i = 0; i < kept.length; i++)
			kept[i] = new byte[1 << 20];
		System.out.println("ready " + kept.length);
		System.out.flush();
		while (System.in.read() >= 0)
			continue;
	}
}
